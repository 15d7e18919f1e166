/** The search field, quick dates, modalities, and the single fields behind "more". */
import { ActionIcon, Button, Chip, Group, SegmentedControl, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'

import { Icon } from '../../brand/Icon'
import classes from './Filters.module.css'
import { type DateChoice, EVERYTHING, isNarrowed, MODALITIES, type Search } from './search'
import { SEARCH_FIELD } from './use-list-keys'

interface FiltersProps {
  readonly search: Search
  readonly onChange: (search: Search) => void
}

export function Filters({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  const single = Boolean(search.patientName || search.patientId || search.accessionNumber)
  const [open, { toggle }] = useDisclosure(single)
  return (
    <search className={classes.filters} aria-label={t('list.search')}>
      <div className={classes.first}>
        <SearchField search={search} onChange={onChange} />
        <DateChoices search={search} onChange={onChange} />
      </div>
      {search.date === 'range' && <DateRange search={search} onChange={onChange} />}
      <div className={classes.second}>
        <ModalityChips search={search} onChange={onChange} />
        <Group gap="xs" wrap="nowrap">
          {isNarrowed(search) && (
            <Button variant="subtle" size="compact-sm" onClick={() => onChange({ ...EVERYTHING, sort: search.sort })}>
              {t('list.clearAll')}
            </Button>
          )}
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<Icon name="filters" size={16} />}
            aria-expanded={open}
            onClick={toggle}
          >
            {open ? t('list.fewerFilters') : t('list.moreFilters')}
          </Button>
        </Group>
      </div>
      {open && <SingleFields search={search} onChange={onChange} />}
    </search>
  )
}

function SearchField({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  return (
    <TextInput
      id={SEARCH_FIELD}
      className={classes.field}
      size="md"
      type="text"
      inputMode="search"
      autoComplete="off"
      spellCheck={false}
      aria-label={t('list.search')}
      placeholder={t('list.searchPlaceholder')}
      leftSection={<Icon name="search" size={18} />}
      rightSection={
        search.text ? (
          <ActionIcon variant="subtle" color="gray" aria-label={t('list.clear')} onClick={() => onChange({ ...search, text: '' })}>
            <Icon name="close" size={16} />
          </ActionIcon>
        ) : null
      }
      value={search.text}
      onChange={(event) => onChange({ ...search, text: event.currentTarget.value })}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onChange({ ...search, text: '' })
      }}
    />
  )
}

function DateChoices({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  const choices: { value: DateChoice; label: string }[] = [
    { value: 'any', label: t('list.anyDate') },
    { value: 'today', label: t('list.today') },
    { value: 'days7', label: t('list.days7') },
    { value: 'days30', label: t('list.days30') },
    { value: 'range', label: t('list.range') },
  ]
  return (
    <SegmentedControl
      className={classes.dates}
      size="sm"
      aria-label={t('list.dateQuick')}
      data={choices}
      value={search.date}
      onChange={(date) => onChange({ ...search, date })}
    />
  )
}

function DateRange({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  return (
    <Group gap="sm" className={classes.range}>
      <TextInput
        type="date"
        label={t('list.from')}
        max={search.to || undefined}
        value={search.from}
        onChange={(event) => onChange({ ...search, from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t('list.to')}
        min={search.from || undefined}
        value={search.to}
        onChange={(event) => onChange({ ...search, to: event.currentTarget.value })}
      />
    </Group>
  )
}

function ModalityChips({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  return (
    <Chip.Group multiple value={[...search.modalities]} onChange={(modalities) => onChange({ ...search, modalities })}>
      <div className={classes.chips} role="group" aria-label={t('list.modalities')}>
        {MODALITIES.map((modality) => (
          <Chip key={modality} value={modality} size="xs" variant="light">
            {modality}
          </Chip>
        ))}
      </div>
    </Chip.Group>
  )
}

function SingleFields({ search, onChange }: FiltersProps) {
  const { t } = useTranslation()
  const field = (name: 'patientName' | 'patientId' | 'accessionNumber', label: string) => (
    <TextInput
      label={label}
      autoComplete="off"
      spellCheck={false}
      value={search[name]}
      onChange={(event) => onChange({ ...search, [name]: event.currentTarget.value })}
    />
  )
  return (
    <div className={classes.single}>
      {field('patientName', t('list.patientName'))}
      {field('patientId', t('list.patientId'))}
      {field('accessionNumber', t('list.accession'))}
    </div>
  )
}
