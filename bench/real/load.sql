-- Creates, fills, indexes and queries two tables.  The caller first creates
-- `scale(n)`: the number of rows; 300000 takes about a second natively.
create table item(id integer primary key, category integer, price real, name text);
create table sale(id integer primary key, item integer, day integer, amount integer);

begin;
with recursive counter(i) as (
  select 1 union all select i + 1 from counter where i < (select n from scale))
insert into item
  select i, i * 7919 % 97, (i * 104729 % 10007) / 8.0, 'item-' || hex(i * 2654435761 % 1000003)
  from counter;
with recursive counter(i) as (
  select 1 union all select i + 1 from counter where i < (select n from scale))
insert into sale
  select i, i * 48271 % (select n from scale) + 1, i * 31 % 365, i % 13 + 1 from counter;
commit;

create index item_category on item(category, price);
create index sale_item on sale(item);

select count(*), sum(amount), min(day), max(day) from sale;

select category, count(*), round(avg(price), 3) from item
  group by category having category % 10 = 3 order by category;

select item.category, sum(sale.amount * item.price) as revenue
  from sale join item on item.id = sale.item
  group by item.category order by revenue desc, item.category limit 5;

select day, total from (
    select day, sum(amount) as total from sale where item in (
      select id from item where category between 10 and 40) group by day)
  order by total desc, day limit 5;

select substr(name, 6, 2) as head, count(*) as many from item
  where name like '%3A%' group by head order by many desc, head limit 5;

select id, price, rank() over (partition by category order by price desc, id) as place
  from item where category = 42 order by place limit 5;

update item set price = price * 1.1 where category < 20;
delete from sale where day % 10 = 0;
select count(*), round(total(price), 2) from item where price > 500;
select count(*), sum(id) from sale;
