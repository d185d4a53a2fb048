module falkirk

go 1.26
