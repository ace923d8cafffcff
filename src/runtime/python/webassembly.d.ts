/** The few names of WebAssembly that Node has and its type package leaves to the browser's. */
declare namespace WebAssembly {
  class Module {
    private readonly opaque: never;
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: Record<string, unknown>;
  }
  type ModuleImports = Record<string, unknown>;
  type Imports = Record<string, ModuleImports>;
  function compile(binary: Uint8Array): Promise<Module>;
  function validate(binary: Uint8Array): boolean;
}
