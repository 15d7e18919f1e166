import classes from './Modalities.module.css'

/** The modalities of a study, in the order the server gives them. */
export function Modalities({ of }: { readonly of: readonly string[] }) {
  return (
    <span className={classes.row}>
      {of.map((modality) => (
        <span key={modality} className={classes.badge}>
          {modality}
        </span>
      ))}
    </span>
  )
}
