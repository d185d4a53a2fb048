package regular

// noWait is nothing: Windows has no named pipes in folders.
const noWait = 0
