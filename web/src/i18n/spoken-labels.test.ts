/** What a screen reader says of a button holds the words that are on it (WCAG 2.5.3), in both languages. */
import { describe, expect, it } from 'vitest'

import { en } from './en'
import { zhCN } from './zh-CN'

const SOURCES = import.meta.glob<string>('../**/*.tsx', { query: '?raw', import: 'default', eager: true })
const BUTTON = /aria-label=\{t\('([\w.]+)',[^}]*\}\)\}[^>]*>\s*\{t\('([\w.]+)'\)\}/g

const textAt = (catalogue: object, path: string): string =>
  path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], catalogue) as string
const plain = (text: string) => text.toLowerCase().replace(/[….]+$/u, '').trim()

const pairs = Object.values(SOURCES).flatMap((source) => [...source.matchAll(BUTTON)].map((found) => [found[1] ?? '', found[2] ?? ''] as const))

describe('spoken labels', () => {
  it('are found in the sources', () => {
    expect(pairs.length).toBeGreaterThan(15)
  })

  it.each([
    ['English', en],
    ['Chinese', zhCN],
  ])('hold the words on the button in %s', (_, catalogue) => {
    const apart = pairs.filter(([label, words]) => !plain(textAt(catalogue, label)).includes(plain(textAt(catalogue, words))))
    expect(apart.map(([label, words]) => `${textAt(catalogue, label)} / ${textAt(catalogue, words)}`)).toEqual([])
  })
})
