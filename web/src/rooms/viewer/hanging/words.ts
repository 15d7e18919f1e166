/** Words of descriptions made comparable, and body parts named alike whatever a device calls them. */

/** Lower case, without accents, signs as spaces. */
export function plainWords(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/**
 * Whether each word stands in the text: a Chinese one anywhere, a Latin one as the beginning of a word, or as a whole word
 * when it has three letters or fewer ("hip" is not in "hippocampus").
 */
export function holdsWords(text: string, words: readonly string[]): boolean {
  const plain = ` ${plainWords(text)} `
  return words.every((word) => {
    const wanted = plainWords(word)
    if (wanted === '') return true
    if (/\p{Script=Han}/u.test(wanted)) return plain.includes(wanted)
    return plain.includes(wanted.length <= 3 ? ` ${wanted} ` : ` ${wanted}`)
  })
}

/** Body parts by the words they go under: BodyPartExamined (PS3.16 Annex L) and descriptions, in English and Chinese. */
const BODY_PARTS: readonly (readonly [part: string, words: readonly string[]])[] = [
  ['BREAST', ['breast', 'mammo', '乳腺', '乳房']],
  ['CHEST', ['chest', 'thorax', 'lung', 'cxr', '胸部', '胸片', '肺']],
  ['HEART', ['heart', 'coronary', 'cardiac', '心脏', '冠脉', '冠状动脉']],
  ['HEAD', ['head', 'brain', 'skull', 'cranium', '头颅', '头部', '脑', '颅']],
  ['NECK', ['neck', 'carotid', 'thyroid', '颈部', '颈动脉', '甲状腺']],
  ['CSPINE', ['cspine', 'cervical spine', 'c spine', '颈椎']],
  ['TSPINE', ['tspine', 'thoracic spine', 't spine', '胸椎']],
  ['LSPINE', ['lspine', 'lumbar', 'l spine', '腰椎']],
  ['SPINE', ['spine', '脊柱']],
  ['ABDOMEN', ['abdomen', 'abdominal', 'abd', 'liver', 'kidney', 'pancreas', '腹', '肝', '肾', '胰']],
  ['PELVIS', ['pelvis', 'pelvic', 'hip', 'hips', 'prostate', 'uterus', 'cervix', '盆腔', '骨盆', '髋', '前列腺', '子宫']],
  ['KNEE', ['knee', '膝']],
  ['SHOULDER', ['shoulder', '肩']],
  ['HAND', ['hand', 'wrist', 'finger', '手部', '手指', '腕']],
  ['FOOT', ['foot', 'ankle', 'toe', 'toes', '足部', '踝']],
  ['ELBOW', ['elbow', '肘']],
]

/** What says the same less exactly. */
const MORE_EXACT: Readonly<Record<string, readonly string[]>> = {
  CSPINE: ['SPINE'],
  TSPINE: ['SPINE'],
  LSPINE: ['SPINE'],
}

/** The body parts that the texts speak of; empty when none is known. */
export function bodyPartsOf(texts: readonly (string | null | undefined)[]): readonly string[] {
  const all = texts.filter(Boolean).join(' ')
  const found = BODY_PARTS.filter(([, words]) => words.some((word) => holdsWords(all, [word]))).map(([part]) => part)
  const covered = new Set(found.flatMap((part) => MORE_EXACT[part] ?? []))
  return found.filter((part) => !covered.has(part))
}
