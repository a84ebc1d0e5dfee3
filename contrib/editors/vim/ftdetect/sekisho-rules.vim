autocmd BufRead,BufNewFile *.rules setfiletype sekisho-rules
