/** The meter: what each institution holds, and its days as a file for billing. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'

import { meterAddress, type OperationsUse } from '../../../api/operations'
import { Icon } from '../../../brand/Icon'
import { NameCell } from '../../../frame/Facts'
import type { Column } from '../../../frame/RecordList'
import { readableMoment } from '../../../kit/dates'
import { readableBytes, readableCount } from '../../../kit/quantities'
import { Part, Table } from './Part'
import classes from './Operations.module.css'

export function UseOfInstitutions({ use, at }: { readonly use: readonly OperationsUse[]; readonly at: string }) {
  const { t } = useTranslation()
  return (
    <Part
      title={t('operations.use')}
      tools={
        <div className={classes.files}>
          <FileLink address={meterAddress(30, at)} words={t('operations.month')} />
          <FileLink address={meterAddress(365, at)} words={t('operations.year')} />
        </div>
      }
    >
      <Table name={t('operations.use')} records={use} columns={useColumns()} nameOf={(each) => each.name} />
    </Part>
  )
}

function FileLink({ address, words }: { readonly address: string; readonly words: string }) {
  return (
    <Button component="a" href={address} download variant="default" size="xs" leftSection={<Icon name="download" size={16} />}>
      {words}
    </Button>
  )
}

function useColumns(): readonly Column<OperationsUse>[] {
  const { t, i18n } = useTranslation()
  const count = (value: number | null) => (value === null ? t('common.none') : readableCount(value, i18n.language))
  const bytes = (value: number | null) => (value === null ? t('common.none') : readableBytes(value, i18n.language))
  return [
    {
      key: 'institution',
      title: t('operations.institution'),
      cell: (each) => (
        <NameCell
          name={each.name}
          detail={`${t('operations.counted')}: ${each.counted_at ? readableMoment(each.counted_at) : t('operations.notCounted')}`}
        />
      ),
    },
    { key: 'studies', title: t('operations.studies'), cell: (each) => count(each.studies) },
    { key: 'recent', title: t('operations.recent'), cell: (each) => count(each.recent_studies) },
    { key: 'instances', title: t('operations.instances'), cell: (each) => count(each.instances) },
    { key: 'packed', title: t('operations.packed'), cell: (each) => bytes(each.packed_bytes) },
    { key: 'open', title: t('operations.open'), cell: (each) => bytes(each.open_bytes) },
    { key: 'copies', title: t('operations.allCopies'), cell: (each) => bytes(each.copy_bytes) },
  ]
}
