// Words that change from release to release.
export const asking = "Asking the elves which visits are free…";
export const cancel = "Free to cancel until the evening before.";
