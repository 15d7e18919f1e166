/** Defined terms of Specific Character Set (PS3.3 C.12.1.1.2), the usual ones of single-valued senders. */
export const CHARACTER_SETS = [
  'GB18030',
  'GBK',
  'ISO_IR 192',
  'ISO_IR 100',
  'ISO_IR 101',
  'ISO_IR 109',
  'ISO_IR 110',
  'ISO_IR 126',
  'ISO_IR 127',
  'ISO_IR 138',
  'ISO_IR 144',
  'ISO_IR 148',
  'ISO_IR 166',
  'ISO_IR 13',
] as const
