/** The nonce of this page (CSP Level 3, 2.3.1): style elements that libraries make at run time need it to be obeyed. */
export const NONCE = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

// What locks scrolling behind dialogs looks for it under this name.
Object.assign(globalThis, { __webpack_nonce__: NONCE })
