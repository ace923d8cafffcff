/** Damages files in the ways that readers fall for: flipped bits, extreme lengths, moved pieces, every kind of cut. */

/** A small generator with a seed that can be printed (mulberry32): the same seed gives the same damage. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EXTREMES = [
  0n,
  1n,
  0x7fn,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

export function mutated(seed: Uint8Array, random: () => number): Uint8Array {
  let bytes = seed.slice();
  const below = (limit: number): number => Math.floor(random() * limit);
  for (let round = 1 + below(4); round > 0; round--) {
    if (bytes.length === 0) return bytes;
    const at = below(bytes.length);
    switch (below(7)) {
      case 0:
        bytes[at]! ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2: {
        const width = [1, 2, 4, 8][below(4)]!;
        const value = EXTREMES[below(EXTREMES.length)]! + BigInt(below(3) - 1);
        for (let i = 0; i < width && at + i < bytes.length; i++)
          bytes[at + i] = Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 255n);
        break;
      }
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4: {
        // A piece of the file in another place.
        const from = below(bytes.length);
        const piece = bytes.slice(from, from + below(64));
        bytes.set(piece.subarray(0, bytes.length - at), at);
        break;
      }
      case 5: {
        const cut = below(Math.min(64, bytes.length - at));
        bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + cut)]);
        break;
      }
      case 6: {
        const piece = Uint8Array.from({ length: below(16) }, () => below(256));
        bytes = new Uint8Array([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
        break;
      }
    }
  }
  return bytes;
}
