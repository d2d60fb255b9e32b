module stakewatch/validator-set-go

go 1.24
