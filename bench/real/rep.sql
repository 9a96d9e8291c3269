-- One run of load.sql for peak.sql, with its time in the table `rep`.
insert into rep select count(*), julianday('now'), null from rep;
.read bench/real/load.sql
update rep set ended = julianday('now') where ended is null;
drop table item; drop table sale;
