//go:build race

package realdid_test

// raceEnabled tells heavy tests that everything takes ten times as long.
const raceEnabled = true
