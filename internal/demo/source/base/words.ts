// Words that change from release to release.
export const asking = "Asking the elves for free visits…";
export const cancel = "Free to cancel until the evening before.";
