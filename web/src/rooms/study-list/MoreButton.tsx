import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export function MoreButton({ loading, onClick }: { readonly loading: boolean; readonly onClick: () => void }) {
  const { t } = useTranslation()
  return (
    <Button variant="default" loading={loading} onClick={onClick} mx="auto" mt="xs">
      {t('list.loadMore')}
    </Button>
  )
}
