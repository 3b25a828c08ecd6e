// Package house holds the rules of the house that no compiler checks, as tests:
// which package may import which, that every package says what it is for, and
// that the documentation speaks of the project alone.
//
// docs/architecture.md gives the reasons.
package house
