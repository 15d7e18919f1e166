/** English: a picture that is still coming. */
export const previewWords = {
  loadingDetail: 'Loading detail',
  notYet: 'Not the whole picture yet: no tools, no numbers',
} as const
