/** 简体中文: 来时的列表及其下一项检查 */
import type { Catalogue } from './catalogue'

export const listWords: Catalogue['onList'] = {
  title: '在列表中的位置',
  position: '列表中第 {{position}} 项检查,共 {{count}} 项',
  positionAtLeast: '列表中第 {{position}} 项检查,共 {{count}} 项以上',
  next: '下一项检查',
  helpNext: '按列表中的顺序打开您来时列表里的下一项检查。您阅读当前检查时,它的第一幅图像已被取来。',
  previous: '上一项检查',
  helpPrevious: '打开您来时列表里的上一项检查。',
  ahead: '预取下一项检查',
  helpAhead: '线路空闲时预先取来列表中下一项检查的第一幅图像。审计记录会写明“预取”;只有您打开它时才算打开。按流量计费的线路上从不预取。',
}
