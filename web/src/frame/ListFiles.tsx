/** A list as a file: exported for a spreadsheet or a program, imported after it was checked line by line. */
import { Button, FileButton, Group, Menu, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

import { exportAddress, type ImportReport, importList, type ListName } from '../api/lists'
import { Icon } from '../brand/Icon'
import { Dialog } from './Dialog'
import { Mark } from './Facts'
import classes from './ListFiles.module.css'
import { Refusal, useWordsOfReason } from './Refusal'

interface ListFilesProps {
  readonly list: ListName
  readonly mayImport?: boolean
}

export function ListFiles({ list, mayImport = true }: ListFilesProps) {
  const { t } = useTranslation()
  const [importing, setImporting] = useState(false)
  return (
    <>
      <Menu position="bottom-end" width={270}>
        <Menu.Target>
          <Button variant="default" leftSection={<Icon name="document" size={18} />} rightSection={<Icon name="down" size={14} />}>
            {t('manage.lists.files')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {mayImport && (
            <Menu.Item leftSection={<Icon name="upload" size={18} />} onClick={() => setImporting(true)}>
              {t('manage.lists.import')}
            </Menu.Item>
          )}
          <Menu.Item component="a" href={exportAddress(list, 'csv')} download leftSection={<Icon name="download" size={18} />}>
            {t('manage.lists.asCsv')}
          </Menu.Item>
          <Menu.Item component="a" href={exportAddress(list, 'json')} download leftSection={<Icon name="download" size={18} />}>
            {t('manage.lists.asJson')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {importing && <ImportDialog list={list} onClose={() => setImporting(false)} />}
    </>
  )
}

function ImportDialog({ list, onClose }: { readonly list: ListName; readonly onClose: () => void }) {
  const { t } = useTranslation()
  const queryClient = useQueryClient()
  const [file, setFile] = useState<File>()
  const importing = useMutation({
    mutationFn: ({ chosen, dryRun }: { chosen: File; dryRun: boolean }) => importList(list, chosen, dryRun),
    onSuccess: (report) => {
      if (report.applied) void queryClient.invalidateQueries()
    },
  })
  const choose = (chosen: File | null) => {
    if (!chosen) return
    setFile(chosen)
    importing.mutate({ chosen, dryRun: true })
  }
  const report = importing.data
  const count = (report?.added ?? 0) + (report?.changed ?? 0)
  const ready = file && report?.dry_run && report.refused === 0 && count > 0
  return (
    <Dialog title={t('manage.lists.title')} size="lg" onClose={onClose}>
      <Stack gap="md">
        {!report && (
          <Text size="sm" c="dimmed">
            {t('manage.lists.about')}
          </Text>
        )}
        {file && <strong className={classes.file}>{file.name}</strong>}
        {report && <Report report={report} />}
        <Refusal error={importing.error} />
        <Group justify="flex-end">
          {report?.applied ? (
            <Button onClick={onClose}>{t('common.close')}</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose}>
                {t('common.cancel')}
              </Button>
              <FileButton onChange={choose} accept=".csv,.json,text/csv,application/json" inputProps={{ 'aria-label': t('manage.lists.choose') }}>
                {(props) => (
                  <Button {...props} variant={ready ? 'default' : 'filled'} loading={importing.isPending} leftSection={<Icon name="upload" size={18} />}>
                    {file ? t('manage.lists.again') : t('manage.lists.choose')}
                  </Button>
                )}
              </FileButton>
              {ready && (
                <Button loading={importing.isPending} onClick={() => importing.mutate({ chosen: file, dryRun: false })}>
                  {t('manage.lists.apply', { count })}
                </Button>
              )}
            </>
          )}
        </Group>
      </Stack>
    </Dialog>
  )
}

/** What would become of the list, or has; refused lines with their reason. */
function Report({ report }: { readonly report: ImportReport }) {
  const { t } = useTranslation()
  const wordsOf = useWordsOfReason()
  const refused = report.lines.filter((line) => line.outcome === 'refused')
  return (
    <div className={classes.report} role="status">
      <dl className={classes.counts}>
        {(['added', 'changed', 'same', 'refused'] as const).map((outcome) => (
          <div key={outcome} data-bad={outcome === 'refused' && report.refused > 0}>
            <dt>{t(`manage.lists.${outcome}`)}</dt>
            <dd>{report[outcome]}</dd>
          </div>
        ))}
      </dl>
      {report.applied && <Mark tone="good">{t('manage.lists.applied')}</Mark>}
      {!report.applied && report.refused === 0 && report.added + report.changed === 0 && <Text size="sm">{t('manage.lists.nothingToDo')}</Text>}
      {refused.length > 0 && (
        <>
          <ul className={classes.refused}>
            {refused.map((line) => (
              <li key={line.line}>
                <strong>{t('manage.lists.line', { line: line.line })}</strong>
                <span>{line.reason === 'invalid-line' ? line.message : (wordsOf(line.reason) ?? line.message)}</span>
              </li>
            ))}
          </ul>
          <Text size="sm">{t('manage.lists.notYet')}</Text>
        </>
      )}
    </div>
  )
}
