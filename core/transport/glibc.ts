/**
 * uWebSockets.js' Linux binaries ask for glibc 2.38, which Debian 12, Ubuntu 22.04 and RHEL 9 do not have. All they
 * use of it are the C23 twins of sscanf, strtol and strtoul, whose older names every glibc exports. This rewrites
 * a copy of the binary to ask for those: nothing but the names and versions of imported symbols changes.
 */
const PREFIX = '__isoc23_';
const MISSING_VERSION = 'GLIBC_2.38';
/** The oldest glibc of each architecture: the version its plain C functions carry. */
const BASE_VERSION: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'GLIBC_2.2.5',
  arm64: 'GLIBC_2.17',
};

/** SHA-256 of the binaries (version 20.57.0, for Node 24) this rewriting was checked with. */
export const KNOWN_BINARIES: Readonly<Record<string, string>> = {
  'uws_linux_x64_137.node': '98128405dba2fb608448e921a979530f70c946a2cc9889c15f2fa70c2d00ab05',
  'uws_linux_arm64_137.node': '88618b30ddf6b2b62310db89f40a701616676352aac5e0f6184dd8ef876199ce',
};

// Section types of ELF, as in the System V ABI and the Linux Standard Base.
const SHT_DYNSYM = 11;
const SHT_GNU_VERNEED = 0x6ffffffe;
const SHT_GNU_VERSYM = 0x6fffffff;
/** Size of one ELF64 symbol table entry, in bytes. */
const SYMBOL_SIZE = 24;

interface Section {
  readonly offset: number;
  readonly size: number;
  /** Index of the section it refers to: for symbols and versions, their string table. */
  readonly link: number;
}

/**
 * Rewrites an ELF64 little-endian shared object in place so that it loads on glibc older than 2.38.
 * @returns how many symbols were renamed; 0 means the binary did not need it.
 * @throws Error when the file is not such an object or the architecture is not known.
 */
export function lowerGlibcVersion(elf: Buffer, arch: NodeJS.Architecture): number {
  const base = BASE_VERSION[arch];
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[4] !== 2 || elf[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  if (base === undefined) throw new Error(`no base glibc version is known for ${arch}`);
  const { sections, ofType } = readSections(elf);
  const symbols = ofType(SHT_DYNSYM);
  const symbolVersions = ofType(SHT_GNU_VERSYM);
  const names = sections[symbols.link]?.offset ?? 0;

  const baseIndex = repointVersion(elf, ofType(SHT_GNU_VERNEED), sections, base);
  let renamed = 0;
  for (let i = 0; i < symbols.size / SYMBOL_SIZE; i++) {
    const at = symbols.offset + i * SYMBOL_SIZE;
    const name = elf.readUInt32LE(at);
    if (!cString(elf, names + name).startsWith(PREFIX)) continue;
    elf.writeUInt32LE(name + PREFIX.length, at);
    elf.writeUInt16LE(baseIndex, symbolVersions.offset + i * 2);
    renamed++;
  }
  return renamed;
}

function readSections(elf: Buffer) {
  const table = Number(elf.readBigUInt64LE(0x28));
  const entrySize = elf.readUInt16LE(0x3a);
  const count = elf.readUInt16LE(0x3c);
  const sections: Section[] = [];
  const byType = new Map<number, Section>();
  for (let i = 0; i < count; i++) {
    const at = table + i * entrySize;
    const section = {
      offset: Number(elf.readBigUInt64LE(at + 0x18)),
      size: Number(elf.readBigUInt64LE(at + 0x20)),
      link: elf.readUInt32LE(at + 0x28),
    };
    sections.push(section);
    byType.set(elf.readUInt32LE(at + 4), section);
  }
  const ofType = (type: number): Section => {
    const section = byType.get(type);
    if (section === undefined) throw new Error(`ELF section of type 0x${type.toString(16)} is missing`);
    return section;
  };
  return { sections, ofType };
}

/** Makes libc's `GLIBC_2.38` requirement a second mention of `base`; returns the version index of `base`. */
function repointVersion(elf: Buffer, needs: Section, sections: readonly Section[], base: string): number {
  const strings = sections[needs.link]?.offset ?? 0;
  for (let at = needs.offset, next = 1; next !== 0; at += next) {
    next = elf.readUInt32LE(at + 12);
    if (cString(elf, strings + elf.readUInt32LE(at + 4)) !== 'libc.so.6') continue;
    const entries = new Map<string, number>();
    for (let entry = at + elf.readUInt32LE(at + 8), step = 1; step !== 0; entry += step) {
      step = elf.readUInt32LE(entry + 12);
      entries.set(cString(elf, strings + elf.readUInt32LE(entry + 8)), entry);
    }
    const from = entries.get(base);
    const to = entries.get(MISSING_VERSION);
    if (from === undefined) throw new Error(`the binary does not mention ${base}`);
    if (to !== undefined) {
      elf.copy(elf, to, from, from + 4); // hash of the version's name
      elf.copy(elf, to + 8, from + 8, from + 12); // offset of the version's name
    }
    return elf.readUInt16LE(from + 6);
  }
  throw new Error('the binary does not link to libc.so.6');
}

function cString(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}
