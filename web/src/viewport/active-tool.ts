/** The tool that the left button and one finger have, by its name; one for all panes. Tools of layers are named here too. */
import { createStore } from '../kit/store'

export const activeTool = createStore<string>('window')
