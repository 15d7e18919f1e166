/** The windows offered for the image on screen: those stored in the file first, then those usual for its modality. */
import { useTranslation } from 'react-i18next'

import type { WindowSetting } from '../../dicomweb/frame'
import { frameOf } from '../../viewport/known-frames'
import { presetsFor } from '../../viewport/window'

export interface NamedWindow extends WindowSetting {
  readonly label: string
}

export function useNamedWindows(): (imageId: string | undefined) => NamedWindow[] {
  const { t } = useTranslation()
  return (imageId) => {
    const frame = frameOf(imageId)
    if (!frame || frame.samplesPerPixel > 1) return []
    const stored = frame.windows.map((setting, index) => ({
      ...setting,
      label: setting.name || (index === 0 ? t('viewer.presetDefault') : `${t('viewer.presetDefault')} ${index + 1}`),
    }))
    const usual = presetsFor(frame.modality).map((preset) => ({ ...preset, label: t(`viewer.preset${preset.preset}`) }))
    return [...stored.slice(0, 4), ...usual]
  }
}
