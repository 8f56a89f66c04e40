// Package status is about status lists: arrays of small values, one for each credential, by which an issuer revokes or suspends
// what it issued.
package status
