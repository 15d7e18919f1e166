/** The part we use of OpenJPH for WebAssembly (@cornerstonejs/codec-openjph), which brings no types. */
declare module '@cornerstonejs/codec-openjph/wasmjs' {
  export interface HTJ2KDecoder {
    getEncodedBuffer(length: number): Uint8Array
    decode(): void
    getDecodedBuffer(): Uint8Array
    /** halvings: of both sides. */
    decodeSubResolution(halvings: number): void
    calculateSizeAtDecompositionLevel(halvings: number): { readonly width: number; readonly height: number }
    delete(): void
  }
  export interface OpenJph {
    readonly HTJ2KDecoder: new () => HTJ2KDecoder
  }
  export default function openJph(settings: { locateFile: (name: string) => string }): Promise<OpenJph>
}

declare module '@cornerstonejs/codec-openjph/wasm?url' {
  const address: string
  export default address
}
