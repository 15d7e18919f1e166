/** What stands where nothing is to be shown. */
import classes from './Nothing.module.css'

export function Nothing({ title, detail }: { readonly title: string; readonly detail?: string }) {
  return (
    <section className={classes.nothing}>
      <h2>{title}</h2>
      {detail && <p>{detail}</p>}
    </section>
  )
}
