module github.com/realdid/realdid/internal/interop

go 1.26.8

replace github.com/realdid/realdid => ../..

require github.com/realdid/realdid v0.0.0

require golang.org/x/mod v0.42.0 // indirect
