export function diagram(table: readonly { state: string; on: string; to: string }[]): string;
