/** The stack of module calls, as Python reports it while something is traced. Recorders listen. */

export interface ScopeListener {
  enterModule(module: number): void;
  exitModule(): void;
}

export const scopes = {
  listener: null as ScopeListener | null,
  enter(module: number): void {
    this.listener?.enterModule(module);
  },
  exit(): void {
    this.listener?.exitModule();
  },
};
