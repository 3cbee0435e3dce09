package config

// The schema and the reference are written by their own tests.
//go:generate go test . -run TestSchemaIsUpToDate|TestReferenceIsUpToDate -update
