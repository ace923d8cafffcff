/**
 * Measures every planned case turn by turn: PyTorch, PyTorch through torch.compile, ours, and again. Both programs live
 * through the whole section, so that no case pays for a start. Judges by bars.ts only.
 */
import { Conversation } from "../conversation.ts";
import { planned, type Planned } from "../plan.ts";
import { layerwise, log, secondsLeft, type Setting } from "../programs.ts";
import { median, medianMs, Skipped, type Finding, type Row, type Side, type SideName } from "../results.ts";

const GOAL_MS = 40;
const REPEATS = 3;
const ROUNDS = 3;
/** A case may begin while at least so much of the section's time is left. */
const LEAST_LEFT_S = 8;

interface Prepared {
  seconds: number;
  peakBytes: number;
  flops: number;
  bytes: number;
  items: number;
  check: number;
}

type Programs = Record<SideName, Conversation | null>;

interface Program {
  side: SideName;
  talk: Conversation;
  id: number;
}

/** One process for each set of variables that a case asks for. */
class OurPrograms {
  readonly #setting: Setting;
  readonly #started = new Map<string, Conversation>();
  constructor(setting: Setting) {
    this.#setting = setting;
  }

  with(environment: Record<string, string> = {}): Conversation {
    const key = JSON.stringify(environment);
    const known = this.#started.get(key);
    if (known) return known;
    // Elementwise programs are compiled before they are measured, not while.
    const own = { LAYERWISE_CUDA_COMPILE: "now", ...environment };
    const started = new Conversation(this.#setting, layerwise("python"), own);
    this.#started.set(key, started);
    return started;
  }

  close(): void {
    for (const talk of this.#started.values()) talk.close();
  }
}

export async function bench(setting: Setting, rows: Row[]): Promise<Finding[]> {
  const ours = new OurPrograms(setting);
  const theirs = setting.python ? new Conversation(setting, [setting.python]) : null;
  // What a compiler does to a process is its own affair.
  const compiled = setting.python ? new Conversation(setting, [setting.python]) : null;
  const findings: Finding[] = [];
  try {
    const about = await ours.with({}).ask<{ device: string; name: string }>({ do: "about" }, 60);
    if (about.device !== "cuda") throw new Error(`Layerwise measures on ${about.device}, not on a GPU`);
    if (theirs) findings.push(await meet(setting, theirs));
    else findings.push({ what: "PyTorch", holds: null, detail: "no --python: only ours was measured" });
    let copyGbps = NaN;
    for (const [place, one] of planned.entries()) {
      if (!setting.cases.test(one.name)) continue;
      if (setting.isSmall && place % 3 !== 0 && one.group !== "training") continue;
      if (secondsLeft(setting) < LEAST_LEFT_S) {
        const detail = `${planned.length - place} of ${planned.length} cases were not reached, from "${one.name}" on`;
        findings.push({ what: "time", holds: null, detail });
        break;
      }
      const talks = { ours: ours.with(one.environment), torch: theirs, compiled: one.compiled ? compiled : null };
      const row = await play(setting, one, talks, place);
      if (one.case === "copy" && Number.isNaN(copyGbps))
        copyGbps = row.bytes / medianMs(row.sides.torch ?? row.sides.ours) / 1e6;
      row.bars = (one.judge?.(row, copyGbps) ?? []).map((bar) => (setting.isEmulated ? { ...bar, holds: null } : bar));
      rows.push(row);
    }
  } finally {
    ours.close();
    theirs?.close();
    compiled?.close();
  }
  if (rows.length === 0) throw new Skipped("no time was left for a case");
  return [...findings, ...verdicts(rows)];
}

/** What broke or came out otherwise does not hold; a bar that was missed is told, since being slower is no error. */
function verdicts(rows: readonly Row[]): Finding[] {
  const judged = rows
    .flatMap((row) => row.bars.map((bar) => ({ ...bar, name: row.name })))
    .filter((b) => b.holds !== null);
  const missed = judged.filter(({ holds }) => !holds);
  const count = `${judged.length - missed.length} of ${judged.length} hold`;
  const findings: Finding[] = [{ what: "bars", holds: null, detail: judged.length > 0 ? count : "none was judged" }];
  for (const { name, bar, measured } of missed)
    findings.push({ what: `${name}: ${bar}`, holds: null, detail: `missed: ${measured}` });
  for (const row of rows) {
    const error = row.sides.ours?.error;
    if (error) findings.push({ what: row.name, holds: false, detail: error });
    else if (row.note) findings.push({ what: row.name, holds: false, detail: row.note });
  }
  return findings;
}

async function meet(setting: Setting, theirs: Conversation): Promise<Finding> {
  const about = await theirs.ask<{ torch: string; device: string; name: string }>({ do: "about" }, 120);
  if (about.device !== "cuda" && !setting.isEmulated) throw new Error(`PyTorch ${about.torch} sees no GPU`);
  return { what: "PyTorch", holds: null, detail: `${about.torch} on ${about.name}` };
}

async function play(setting: Setting, one: Planned, talks: Programs, place: number): Promise<Row> {
  const sizes = setting.isEmulated ? one.tiny : one.with;
  const { name, group, unit } = one;
  const row: Row = { name, group, unit, flops: 0, bytes: 0, items: 0, sides: {}, bars: [], note: "" };
  const programs: Program[] = [];
  for (const side of ["torch", "compiled", "ours"] as const) {
    const talk = talks[side];
    if (talk) programs.push({ side, talk, id: place });
  }
  for (const program of programs) {
    const side: Side = { rounds: [], peakBytes: 0, check: NaN };
    row.sides[program.side] = side;
    const question = {
      do: "prepare",
      id: program.id,
      case: one.case,
      with: sizes,
      compiled: program.side === "compiled",
    };
    await trying(side, async () => {
      const limitS = Math.max(1, Math.min(program.side === "compiled" ? 120 : 60, secondsLeft(setting)));
      const made = await program.talk.ask<Prepared>(question, limitS);
      side.peakBytes = made.peakBytes;
      side.check = made.check;
      if (program.side === "ours" || row.flops + row.bytes + row.items === 0) {
        Object.assign(row, { flops: made.flops, bytes: made.bytes, items: made.items });
      }
    });
  }
  const measure = {
    do: "measure",
    goalMs: setting.isEmulated ? 1 : GOAL_MS,
    repeats: setting.isEmulated ? 1 : REPEATS,
  };
  const nRounds = setting.isEmulated ? 1 : (one.rounds ?? ROUNDS);
  for (let round = 0; round < nRounds; round++) {
    for (const { side: name, talk, id } of programs) {
      const side = row.sides[name]!;
      if (side.error) continue;
      await trying(side, async () => {
        const { ms } = await talk.ask<{ ms: number[] }>({ ...measure, id }, 60);
        side.rounds.push(median(ms));
      });
    }
  }
  for (const { talk, id } of programs) {
    if (talk.isRunning) await trying(null, () => talk.ask({ do: "drop", id }, 30));
  }
  row.note = disagreement(row);
  log(setting, `${name}: ${JSON.stringify(row.sides)}\n`);
  return row;
}

/** An error belongs to its side; the others go on. */
async function trying(side: Side | null, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (side) side.error = (error as Error).message;
  }
}

/** Two programs that computed other things have not been compared. */
function disagreement(row: Row): string {
  const [theirs, ours] = [row.sides.torch?.check, row.sides.ours?.check];
  if (theirs === undefined || ours === undefined || Number.isNaN(theirs + ours)) return "";
  const difference = Math.abs(theirs - ours) / Math.max(Math.abs(theirs), 1e-9);
  return difference < 0.02 ? "" : `results differ: ${theirs.toPrecision(6)} there, ${ours.toPrecision(6)} here`;
}
