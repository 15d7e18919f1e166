/** 简体中文：正在到达的图像。 */
import type { Catalogue } from './catalogue'

export const previewWords: Catalogue['preview'] = {
  loadingDetail: '正在加载细节',
  notYet: '图像尚不完整：不能使用工具，不显示数值',
}
