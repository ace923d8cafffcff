/** Which dimensions of an exported model may vary: proposals from the inputs at hand, and what a person types. Pure. */
import type { Setup } from "../protocol/results.ts";

/** Names of axes by input and axis: { x: { "0": "batch" } }. */
export type Axes = Record<string, Record<string, string>>;

export interface AxesProposal {
  label: string;
  /** As it would be typed: "idx=batch,length". */
  text: string;
  axes: Axes;
}

interface Input {
  name: string;
  rank: number;
  first: string;
}

/** "float32[2,16,64]" has three dimensions; what is no tensor has none. */
function tensorInputs({ inputs }: Setup): Input[] {
  return inputs.flatMap(({ name, value }) => {
    const sizes = /^\w+\[([^\]]*)\]/.exec(value)?.[1];
    if (!sizes) return [];
    const dims = sizes.split(",").map((size) => size.trim());
    return [{ name, rank: dims.length, first: dims[0] }];
  });
}

/** The likeliest first. Inputs whose first dimension is as large as the first input's share its batch. */
export function axesProposals(setup: Setup): AxesProposal[] {
  const inputs = tensorInputs(setup);
  const [main] = inputs;
  const fixed = { label: "All sizes fixed", text: "", axes: {} };
  if (!main || main.rank < 2) return [fixed];
  const batched = inputs.filter(({ rank, first }) => rank >= 2 && first === main.first);
  const batch = Object.fromEntries(batched.map(({ name }) => [name, { "0": "batch" }]));
  const proposals = [{ label: "The batch may vary", text: axesText(batch), axes: batch as Axes }];
  // Tokens are [batch, length], their vectors [batch, length, width].
  const sequences = batched.filter(({ rank }) => rank === 2 || rank === 3);
  if (sequences.length === batched.length) {
    const both = Object.fromEntries(batched.map(({ name }) => [name, { "0": "batch", "1": "length" }]));
    proposals.push({ label: "Batch and length may vary", text: axesText(both), axes: both });
  }
  return [...proposals, fixed];
}

export function axesText(axes: Axes): string {
  return Object.entries(axes)
    .map(([input, names]) => {
      const last = Math.max(...Object.keys(names).map(Number));
      return `${input}=${Array.from({ length: last + 1 }, (_, axis) => names[String(axis)] ?? "_").join(",")}`;
    })
    .join("; ");
}

/** "idx=batch,length; mask=batch" as on the command line; a sentence where it cannot be read. */
export function parseAxes(text: string): Axes | string {
  const axes: Axes = {};
  for (const part of text.split(";").map((each) => each.trim())) {
    if (part === "") continue;
    const [input, names, ...rest] = part.split("=");
    if (names === undefined || rest.length > 0 || input.trim() === "") return `'${part}' is not like 'x=batch,length'`;
    const named: Record<string, string> = {};
    for (const [axis, name] of names.split(",").entries()) {
      const plain = name.trim();
      if (plain === "" || plain === "_") continue;
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(plain)) return `'${plain}' is no name for a dimension`;
      named[String(axis)] = plain;
    }
    if (Object.keys(named).length > 0) axes[input.trim()] = named;
  }
  return axes;
}
