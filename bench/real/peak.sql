-- Runs load.sql ten times and reports the wall time of each run to stderr, in milliseconds written as nanoseconds (SQLite's
-- clock tells no less), as programs/rep.h does.  With a table `quick` the runs are small.
create table scale(n integer);
insert into scale select case count(*) when 0 then 40000 else 3000 end from sqlite_schema where name = 'quick';
create temporary table rep(number integer, began real, ended real);
insert into rep values(0, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 0;
drop table item; drop table sale;
insert into rep values(1, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 1;
drop table item; drop table sale;
insert into rep values(2, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 2;
drop table item; drop table sale;
insert into rep values(3, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 3;
drop table item; drop table sale;
insert into rep values(4, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 4;
drop table item; drop table sale;
insert into rep values(5, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 5;
drop table item; drop table sale;
insert into rep values(6, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 6;
drop table item; drop table sale;
insert into rep values(7, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 7;
drop table item; drop table sale;
insert into rep values(8, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 8;
drop table item; drop table sale;
insert into rep values(9, julianday('now'), null);
.read bench/real/load.sql
update rep set ended = julianday('now') where number = 9;
drop table item; drop table sale;
.once '|cat >&2'
select 'rep ' || number || ' ' || cast(round((ended - began) * 86400000) as integer) || '000000' from rep order by number;
