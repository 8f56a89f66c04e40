//go:build race

package realperson

const underRace = true
