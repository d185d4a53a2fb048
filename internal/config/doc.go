// Package config turns falkirk.yml into a checked delivery.App, and says
// everything that is wrong with the file at once, each with its line and column.
// It knows no kind of component, target or gate, and touches nothing outside
// the file.
package config
