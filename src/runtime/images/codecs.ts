/**
 * JPEG and WebP: libjpeg-turbo and libwebp as WebAssembly. Their memory is their own, so a bad file can harm nothing but the
 * instance that reads it, which is thrown away whenever a file was refused or has made it large.
 */
import { readFileSync } from "node:fs";
import { PythonError } from "../errors.ts";
import { codecFile } from "../paths.ts";

/** What both libraries export. */
interface Library {
  memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(address: number): void;
}

interface JpegLibrary extends Library {
  tjInitDecompress(): number;
  tjDestroy(handle: number): number;
  tjDecompressHeader3(handle: number, data: number, bytes: number, w: number, h: number, s: number, c: number): number;
  tjDecompress2(
    handle: number,
    data: number,
    bytes: number,
    out: number,
    width: number,
    pitch: number,
    height: number,
    format: number,
    flags: number,
  ): number;
}

interface WebpLibrary extends Library {
  WebPDecodeRGBA(data: number, bytes: number, width: number, height: number): number;
}

/** A library that has grown beyond this is not kept. */
const KEPT_BYTES = 96 << 20;

/** What C does when it gives up: back to its caller, which is us. */
class GaveUp extends Error {}
const giveUp = (): never => {
  throw new GaveUp();
};

class Codec<L extends Library> {
  private compiled: WebAssembly.Module | null = null;
  private instance: L | null = null;
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Throws GaveUp, and never leaves a library behind that may be in disorder. */
  use<R>(data: Uint8Array, body: (library: L, address: number) => R): R {
    this.compiled ??= new WebAssembly.Module(readFileSync(codecFile(this.name)));
    const system = Object.fromEntries(
      ["environ_sizes_get", "environ_get", "fd_close", "fd_seek", "fd_write"].map((name) => [name, () => 0]),
    );
    const imports = {
      env: { setjmp: () => 0, longjmp: giveUp },
      wasi_snapshot_preview1: { ...system, proc_exit: giveUp },
    };
    const library = (this.instance ??= new WebAssembly.Instance(this.compiled, imports).exports as unknown as L);
    this.instance = null;
    const address = allocate(library, data.length);
    new Uint8Array(library.memory.buffer, address, data.length).set(data);
    const result = body(library, address);
    library.free(address);
    if (library.memory.buffer.byteLength <= KEPT_BYTES) this.instance = library;
    return result;
  }
}

function allocate(library: Library, bytes: number): number {
  const address = library.malloc(bytes);
  if (address === 0)
    throw new PythonError("MemoryError", `an image needs ${bytes} bytes more than its decoder can have`);
  return address;
}

const jpeg = new Codec<JpegLibrary>("jpeg-turbo");
const webp = new Codec<WebpLibrary>("webp");

/** By channels: TurboJPEG's numbers for grey, RGB and CMYK. */
const FORMATS: Record<number, number> = { 1: 6, 3: 0, 4: 11 };

/**
 * Fills `out` with the pixels of a JPEG file in a size that the library can scale to. Says whether all of them were there: what
 * is damaged or missing is filled in as the library does.
 */
export function decodeJpeg(
  data: Uint8Array,
  out: Uint8Array,
  width: number,
  height: number,
  channels: number,
): { isWhole: boolean } {
  try {
    return jpeg.use(data, (library, address) => {
      const handle = library.tjInitDecompress();
      const facts = allocate(library, 16);
      library.tjDecompressHeader3(handle, address, data.length, facts, facts + 4, facts + 8, facts + 12);
      const pixels = allocate(library, out.length);
      new Uint8Array(library.memory.buffer, pixels, out.length).fill(0);
      const pitch = width * channels;
      const status = library.tjDecompress2(
        handle,
        address,
        data.length,
        pixels,
        width,
        pitch,
        height,
        FORMATS[channels]!,
        0,
      );
      out.set(new Uint8Array(library.memory.buffer, pixels, out.length));
      library.free(pixels);
      library.free(facts);
      library.tjDestroy(handle);
      return { isWhole: status === 0 };
    });
  } catch (error) {
    if (isOfTheFile(error)) throw new PythonError("OSError", "broken data stream when reading image file");
    throw error;
  }
}

/** Fills `out` with RGBA pixels. */
export function decodeWebp(data: Uint8Array, out: Uint8Array): void {
  try {
    webp.use(data, (library, address) => {
      const size = allocate(library, 8);
      const pixels = library.WebPDecodeRGBA(address, data.length, size, size + 4);
      const [width, height] = new Uint32Array(library.memory.buffer, size, 2);
      if (pixels === 0 || width! * height! * 4 !== out.length) throw new GaveUp();
      out.set(new Uint8Array(library.memory.buffer, pixels, out.length));
      library.free(pixels);
      library.free(size);
    });
  } catch (error) {
    if (isOfTheFile(error)) throw new PythonError("OSError", "failed to decode WebP image");
    throw error;
  }
}

const isOfTheFile = (error: unknown): boolean => error instanceof GaveUp || error instanceof WebAssembly.RuntimeError;
