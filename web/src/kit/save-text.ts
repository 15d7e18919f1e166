/** Saves a text as a file on this device. */
export function saveText(name: string, text: string, type = 'application/x-pem-file'): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  URL.revokeObjectURL(address)
}
