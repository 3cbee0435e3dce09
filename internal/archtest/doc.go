// Package archtest holds the laws of the house: which room may import which,
// what a stage must never touch, how long a file may be, where state may live.
//
// It reads the source of the whole module, on every platform at once, and says
// file and line of each breach. Its tests are all there is to it: no program
// imports it. Every law is also tried on a small house that breaks it, so that
// a law which can no longer fail is noticed.
package archtest
