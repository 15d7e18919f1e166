/** The mark of Isocenter: the cross-hair through which every beam passes. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0f5c66" />
      <g fill="none" stroke="#fff" strokeWidth="2" strokeLinecap="round">
        <circle cx="16" cy="16" r="7.5" />
        <path d="M16 4.5v6M16 21.5v6M4.5 16h6M21.5 16h6" />
      </g>
      <circle cx="16" cy="16" r="2" fill="#7fd6d9" />
    </svg>
  )
}
