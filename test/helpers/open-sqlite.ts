import { openSqliteStore } from '../../core/store/sqlite.ts';

export const open = (folder: string) => openSqliteStore({ folder });
