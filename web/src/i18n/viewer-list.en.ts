/** English: the list that the reader came from, and its next study. */
export const listWords = {
  title: 'Place on the list',
  position: 'Study {{position}} of {{count}} on the list',
  positionAtLeast: 'Study {{position}} of more than {{count}} on the list',
  next: 'Next study',
  helpNext: 'Opens the next study on the list that you came from, in the order it had there. Its first picture is fetched while you read this one.',
  previous: 'Previous study',
  helpPrevious: 'Opens the study before this one on the list that you came from.',
  ahead: 'Fetch the next study ahead',
  helpAhead: 'Fetches the first picture of the next study on the list while nothing else is on its way. The audit trail says that it was fetched ahead; it is opened only when you open it. Never on a line that is paid for by the byte.',
} as const
