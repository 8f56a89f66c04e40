//go:build !race

package realdid_test

const raceEnabled = false
