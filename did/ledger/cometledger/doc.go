// Package cometledger is a ledger that several operators run together: an application of CometBFT 0.38, whose validators execute every
// operation and agree on every block.
package cometledger
