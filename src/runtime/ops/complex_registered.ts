/** Ops by name, for compositions that would otherwise import every family there is. */
import { registry } from "../op.ts";

export function getRegistered<R>(name: string, ...args: unknown[]): R {
  const found = registry.get(name);
  if (!found) throw new Error(`no op is called '${name}'`);
  return found(...args) as R;
}
