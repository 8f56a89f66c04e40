// Package evmledger keeps a realdid ledger on a chain that runs the Ethereum virtual machine.
package evmledger
