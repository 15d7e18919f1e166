/** A check box of a long list: the browser's own, in our colour, because a list has many. */
import type { ComponentPropsWithoutRef } from 'react'

import classes from './Choose.module.css'

export function Choose(props: ComponentPropsWithoutRef<'input'>) {
  return <input {...props} type="checkbox" className={classes.box} />
}
