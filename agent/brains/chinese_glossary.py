"""Chinese words and the English an engine reads for them: nouns, adjectives, the rest."""

from __future__ import annotations

__all__ = ["ADJECTIVES", "NOUNS", "OTHER"]

NOUNS = """
猫=cat 小猫=kitten 猫咪=cat 狗=dog 小狗=puppy 狗狗=dog 鸟=bird 小鸟=bird 鱼=fish 马=horse 羊=sheep 牛=cow
兔子=rabbit 小兔子=rabbit 大象=elephant 熊=bear 熊猫=panda 斑马=zebra 长颈鹿=giraffe 老虎=tiger 狮子=lion
猴子=monkey 猪=pig 鸡=chicken 鸭子=duck 企鹅=penguin 龙=dragon 恐龙=dinosaur 独角兽=unicorn 鬼=ghost
幽灵=ghost 蝴蝶=butterfly 狐狸=fox 乌龟=turtle 青蛙=frog 老鼠=mouse 小象=elephant 汽车=car 小汽车=car
轿车=car 跑车=sports_car 车=car 车子=car 自行车=bicycle 单车=bicycle 摩托车=motorcycle 飞机=airplane
公交车=bus 公共汽车=bus 巴士=bus 火车=train 卡车=truck 船=boat 小船=boat 帆船=sailboat 火箭=rocket
宇宙飞船=spaceship 飞船=spaceship 热气球=hot-air_balloon 苹果=apple 香蕉=banana 橙子=orange 披萨=pizza
比萨=pizza 蛋糕=cake 三明治=sandwich 胡萝卜=carrot 西兰花=broccoli 甜甜圈=donut 热狗=hot_dog 西瓜=watermelon
草莓=strawberry 葡萄=grapes 面包=bread 咖啡=coffee 蜡烛=candles 气球=balloon 礼物=gift 足球=soccer_ball
球=ball 雨伞=umbrella 伞=umbrella 杯子=cup 茶杯=teacup 碗=bowl 瓶子=bottle 书=book 时钟=clock 钟=clock
闹钟=alarm_clock 椅子=chair 沙发=couch 床=bed 桌子=table 花瓶=vase 背包=backpack 手提包=handbag
剪刀=scissors 手机=cell_phone 电脑=computer 电视=tv 灯=lamp 树=tree 大树=tree 花=flower 花朵=flower
玫瑰=rose 向日葵=sunflower 樱花=cherry_blossom 草=grass 房子=house 房屋=house 小屋=cottage 城堡=castle
桥=bridge 塔=tower 灯塔=lighthouse 太阳=sun 月亮=moon 星星=star 心=heart 爱心=heart 云=cloud 云朵=clouds
彩虹=rainbow 雪人=snowman 雨=rain 机器人=robot 帽子=hat 皇冠=crown 王冠=crown 吉他=guitar 风筝=kite
眼镜=glasses 墨镜=sunglasses 太阳镜=sunglasses 围巾=scarf 领结=bow_tie 胡子=beard 翅膀=wings 衣服=clothes
毛衣=sweater 鞋子=shoes 裙子=dress 人=person 男人=man 女人=woman 男孩=boy 女孩=girl 孩子=child 小孩=child
小女孩=girl 小男孩=boy 老人=old_man 宇航员=astronaut 公主=princess 骑士=knight 女巫=witch 山=mountain
大山=mountains 雪山=snowy_mountain 河=river 湖=lake 森林=forest 城市=city 街道=street 公园=park 花园=garden
沙漠=desert 瀑布=waterfall 日落=sunset 夕阳=sunset 日出=sunrise 风景=scenery 背景=background 天空=sky
蓝天=blue_sky 星空=starry_sky 夜空=night_sky 草地=grass 草原=meadow 沙滩=beach 海滩=beach 海边=beach
大海=sea 海=sea 海洋=ocean 雪地=snow 雪=snow 房间=room 室内=indoors 夜晚=night 晚上=night 夜里=night
夜景=night 黑夜=night 白天=day 太空=space 月球=moon 厨房=kitchen 冬天=winter 夏天=summer 秋天=autumn
春天=spring 下雪=snow 下雨=rain 雾=fog 苹果树=apple_tree 海报=poster 标志=logo 头像=avatar 颜色=color
牙刷=toothbrush 叉子=fork 刀=knife 刀子=knife 勺子=spoon 汤勺=spoon 酒杯=wine_glass 红酒杯=wine_glass
玩具熊=teddy_bear
泰迪熊=teddy_bear 行李箱=suitcase 箱子=suitcase 领带=tie 飞盘=frisbee 滑雪板=snowboard 滑板=skateboard
冲浪板=surfboard
网球拍=tennis_racket 棒球棒=baseball_bat 棒球手套=baseball_glove 消防栓=fire_hydrant 停车牌=stop_sign
红绿灯=traffic_light
交通灯=traffic_light 停车计时器=parking_meter 长椅=bench 长凳=bench 餐桌=dining_table 马桶=toilet
笔记本电脑=laptop
笔记本=laptop 鼠标=computer_mouse 键盘=computer_keyboard 遥控器=tv_remote 微波炉=microwave 烤箱=oven
烤面包机=toaster
水槽=sink 洗手池=sink 冰箱=refrigerator 吹风机=hair_drier 盆栽=potted_plant 手提袋=handbag 包=bag
西红柿=tomato
番茄=tomato 蘑菇=mushroom 柠檬=lemon 桃子=peach 梨=pear 樱桃=cherry 面条=noodles 汤=soup 牛奶=milk 茶=tea
饼干=cookie
鸡蛋=egg 糖果=candy 冰淇淋=ice_cream 鲸鱼=whale 鲨鱼=shark 海豚=dolphin 章鱼=octopus 螃蟹=crab 蜗牛=snail
蜜蜂=bee 猫头鹰=owl
老鹰=eagle 鹦鹉=parrot 天鹅=swan 狼=wolf 鹿=deer 松鼠=squirrel 刺猬=hedgehog 骆驼=camel 考拉=koala
袋鼠=kangaroo
孔雀=peacock 公鸡=rooster 凤凰=phoenix 怪兽=monster 海盗=pirate 忍者=ninja 国王=king 女王=queen 王子=prince
医生=doctor
老师=teacher 厨师=chef 警察=policeman 奶奶=grandmother 爷爷=grandfather 爸爸=father 妈妈=mother 姑娘=girl
宝宝=baby
牌子=sign 招牌=sign 标牌=sign 字=words 文字=words 墙=wall 墙壁=wall 地板=floor 桌布=tablecloth 窗帘=curtain
地毯=carpet
镜子=mirror 台灯=lamp 路灯=street_lamp 灯笼=lantern 钢琴=piano 小提琴=violin 鼓=drum 相机=camera 钥匙=key
剑=sword 盾牌=shield
旗子=flag 信=letter 铅笔=pencil 篮子=basket 盒子=box 瓶=bottle 盘子=plate 碟子=plate 锅=pot 茶壶=teapot
水壶=kettle
枕头=pillow 被子=blanket 手套=glove 袜子=sock 外套=jacket 衬衫=shirt 裤子=pants 项链=necklace 耳环=earring
戒指=ring
披风=cape 面具=mask 头盔=helmet 轮子=wheel 车轮=wheel 翅=wing 耳朵=ears 鼻子=nose 嘴巴=mouth 嘴=mouth
脸=face 手=hand 脚=foot
木屋=cabin 小木屋=cabin 帐篷=tent 教堂=church 寺庙=temple 宫殿=palace 学校=school 医院=hospital 商店=shop
店铺=shop 咖啡馆=cafe
餐厅=restaurant 图书馆=library 车站=station 火车站=train_station 码头=pier 港口=harbor 村庄=village
小镇=town 农场=farm
田野=field 麦田=wheat_field 山谷=valley 悬崖=cliff 岛=island 小岛=island 洞穴=cave 火山=volcano 池塘=pond
小溪=stream
海浪=wave 冰山=iceberg 竹子=bamboo 竹林=bamboo_forest 树林=woods 树叶=leaf 叶子=leaf 荷花=lotus 百合=lily
郁金香=tulip
仙人掌=cactus 银河=galaxy 地球=earth 火星=mars 流星=meteor 极光=aurora 闪电=lightning 暴风雨=storm
热气=steam 烟=smoke
早晨=morning 早上=morning 黄昏=dusk 傍晚=evening 清晨=dawn 阳光=sunlight 月光=moonlight 灯光=light
光线=light 阴影=shadow
雪橇=sled 秋千=swing 滑梯=slide 拖拉机=tractor 直升机=helicopter 潜水艇=submarine 出租车=taxi
救护车=ambulance 消防车=fire_truck
铃铛=bell 浪=waves 大浪=big_waves 面具=mask 玩偶=doll 娃娃=doll 拼图=puzzle 小提琴=violin 蛋=egg 米饭=rice
饺子=dumplings 月饼=mooncake
水=water 火=fire 窗户=window 门=door 屋顶=roof 眼睛=eyes 尾巴=tail 头发=hair
"""
ADJECTIVES = """
红色=red 红=red 橙色=orange 橘色=orange 黄色=yellow 黄=yellow 绿色=green 绿=green 蓝色=blue 蓝=blue
紫色=purple 紫=purple 粉色=pink 粉红色=pink 粉红=pink 棕色=brown 咖啡色=brown 黑色=black 黑=black 白色=white
白=white 灰色=gray 金色=golden 银色=silver 彩色=colorful 大红色=red 深蓝色=dark_blue 浅蓝色=light_blue
天蓝色=sky_blue 大=big 小=small 可爱=cute 漂亮=beautiful 美丽=beautiful 快乐=happy 开心=happy 老=old 新=new
高=tall 长=long 胖=fat 瘦=thin 圆=round 巨大=huge 毛茸茸=fluffy 生气=angry 悲伤=sad 睡觉=sleeping
睡着=sleeping 坐下=sit_down 站起来=stand_up 躺下=lie_down 跑起来=run 跳起来=jump 飞起来=fly 笑=smile 哭=cry
闭上眼睛=close_the_eyes 闭眼=close_the_eyes 抬头=look_up 低头=look_down 看向=look_at 飞=flying
奔跑=running 跑=running 微笑=smiling 生锈=rusty 鲜艳=vivid 柔和=soft 清晰=sharp
复杂=complex 简单=simple 逼真=realistic 透明=transparent 木头=wooden 木=wooden 玻璃=glass 金属=metal
破旧=old 古老=old 年轻=young
矮=short 短=short 甜=sweet 热=hot 冷=cold 明亮=bright 阴天=cloudy 晴天=sunny 温暖=warm 空=empty 满=full
浅=light 深=dark 亮=bright 暗=dark
"""
OTHER = """
和=and 与=and 还有=and 以及=and 跟=and 旁边=next_to 左边=left_of 右边=right_of 上面=on_top_of 上方=above
下面=under 下方=below 前面=in_front_of 后面=behind 里面=in 戴着=wearing 戴=wearing 穿着=wearing 穿=wearing
拿着=holding 骑着=riding 骑=riding 坐着=sitting 坐在=sitting_on 站在=standing_on 躺在=lying_on
睡在=sleeping_on 飞在=flying_in 带着=with 带=with 有=with 看着=looking_at 吃着=eating 吃=eating
喝着=drinking 弹着=playing 弹=playing 读着=reading 看书=reading_a_book 玩=playing
三维风格=in_3D_style 三维=3D 立体=3D
像素风格=in_pixel_art_style 像素风=in_pixel_art_style 像素画=pixel_art 像素艺术=pixel_art 像素=pixel
素描=pencil_sketch 铅笔画=pencil_sketch 水彩画=watercolor 水彩=watercolor 油画=oil_painting 卡通=cartoon
动漫=anime 漫画=comic 黑白=black_and_white 复古=sepia 棕褐色=sepia 怀旧=sepia 剪影=silhouette 蓝图=blueprint
水墨画=ink_wash_painting 水墨=ink_wash 赛博朋克=cyberpunk 写实=realistic 底片=negative 负片=negative
铅笔素描=pencil_sketch 钢笔画=pen_drawing 版画=woodcut 浮世绘=ukiyo-e 国画=ink_wash_painting
写着=saying 写=write 叫=called 名叫=called 主题是=about 一排=in_a_row 正在下=in 下着=in 停在=parked_at
抱着=hugging 看=looking_at
游泳=swimming 跳舞=dancing 唱歌=singing 跳=jumping 风格=style 照片=photo 图片=picture
画=painting 更=more 很=very 非常=very 正在= 着= 的= 了= 在=in 里=in 上=on 中=in 是=is 没有=without
别用=without 别加=without 不要=without 不用=without 不带=without 不戴=without 不穿=without 不=not
他的=his 她的=her 它的=its 那=the 这=the 它=it 他=him 她=her 所有=all 全部=all
"""
