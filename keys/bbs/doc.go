// Package bbs makes and checks BBS signatures over BLS12-381.
package bbs
