// The programs that are broken, and which tests are asked about each.

export type Tree = {
  readonly name: string;
  /** Files that are broken, and those among them that are not. */
  readonly sources: readonly string[];
  readonly except: readonly string[];
  /** Where the compiler and the tests run. */
  readonly folder: string;
  readonly tests: readonly string[];
  readonly untried: RegExp;
  /** Scripts that build what the tests start as a process; without any, they start the packed executable. */
  readonly build: readonly string[];
};

const provision = { folder: "provision", tests: ["provision/test/*.test.ts"], untried: /$^/, build: [] };

export const TREES: readonly Tree[] = [
  {
    name: "provision",
    sources: ["provision/**/*.ts"],
    except: ["**/test/**", "**/node_modules/**"],
    ...provision,
  },
  {
    name: "scripts",
    sources: ["provision/{backup,ci,hardening,host-network,operations}/*.sh"],
    except: [],
    ...provision,
  },
  {
    name: "driver",
    sources: ["driver/**/*.ts"],
    except: ["driver/operator/**", "**/*.d.ts"],
    folder: ".",
    tests: ["test/*.test.ts", "test/{bridge,flexible-ip,fuzz,ipam,model,opennebula,scaleway,state}/*.test.ts"],
    // Not about what the driver does, or the same again with the packed executable and for long.
    untried:
      /test\/(demo|docs|layers|release|secrets|shims|model\/executable|scaleway\/(contract|simulator))\.test\.ts$/,
    build: ["build/bundle.ts"],
  },
];
