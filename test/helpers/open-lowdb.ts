import { openLowdbStore } from '../../core/store/lowdb.ts';

export const open = (folder: string) => openLowdbStore({ folder });
