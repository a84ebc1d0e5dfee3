" Vim syntax file. Language: rules of the Sekisho mail gateway (docs/rules.md)
if exists("b:current_syntax")
  finish
endif

syntax case match
setlocal iskeyword+=-
setlocal commentstring=#\ %s

syntax keyword rulesDeclaration include list map patterns limit score define group rule test
syntax keyword rulesClause at when then shadow until enforce off on_error file for each only allow per up to once over least share of count new given
syntax keyword rulesOperator and or not is in any every no where match matches contains starts ends with present absent exceeded
syntax keyword rulesAction reject defer quarantine discard accept disconnect skip tag log add set remove prepend append sign route delay notify webhook suspend
syntax keyword rulesStage connect helo auth mail rcpt message outcome
syntax keyword rulesStep client listener login wait expect by times upstream

syntax match rulesNumber "\<\d\+\(\.\d\+\)*\(%\|[smhdw]\|[KMG]i\?B\|B\)\?\>"
syntax match rulesDate "\<\d\{4}-\d\d-\d\d\>"
syntax match rulesAddress "<[^<> ]*@[^<> ]*>\|<>"
syntax region rulesText start=+"+ skip=+\\.+ end=+"+ oneline contains=rulesValue,rulesEscape
syntax match rulesValue "{[^{}\"]*}" contained
syntax match rulesEscape +\\["\\nt]\|{{\|}}+ contained
syntax region rulesRegex start=+\(^\|\s\)\zs/+ skip=+\\.+ end=+/[imsx]*+ oneline
syntax match rulesComment "#.*$" contains=@Spell

highlight default link rulesDeclaration Structure
highlight default link rulesClause Keyword
highlight default link rulesOperator Operator
highlight default link rulesAction Function
highlight default link rulesStage Type
highlight default link rulesStep Keyword
highlight default link rulesNumber Number
highlight default link rulesDate Number
highlight default link rulesAddress Constant
highlight default link rulesText String
highlight default link rulesValue Identifier
highlight default link rulesEscape SpecialChar
highlight default link rulesRegex Special
highlight default link rulesComment Comment

let b:current_syntax = "sekisho-rules"
