package process

const prlimit = 302 // SYS_PRLIMIT64
