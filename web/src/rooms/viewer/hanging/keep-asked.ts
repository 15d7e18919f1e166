/** Set by the command "keep this hanging", for the panel to open its dialog. */
import { createStore } from '../../../kit/store'

export const keepAsked = createStore(false)
