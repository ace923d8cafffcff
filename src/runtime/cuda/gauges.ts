/** Words of shared memory, three per GPU, by which other threads see its memory: allocated, reserved, is it open. */
export const GAUGE_WORDS = 3;
