package bbs

// secretMul returns the sum of k[i]·points[i] in a time that depends on the number of points only. The points may be any, the
// identity too.
func secretMul(points []point, k []scalar) point {
	const chunk = 16 // rows in memory at once, 2.3 KB each
	total := identity()
	for len(points) > 0 {
		n := min(chunk, len(points))
		sum := straus(points[:n], k[:n])
		total.add(&total, &sum)
		points, k = points[n:], k[n:]
	}
	return total
}

// straus multiplies a few points at once, so that they share their doublings.
func straus(points []point, k []scalar) point {
	rows := make([]projectiveRow, len(points))
	ds := make([]digits, len(points))
	defer clear(ds)
	for i := range points {
		rows[i].fill(&points[i])
		ds[i] = recode(&k[i])
	}
	sum := identity()
	var p point
	for w := digitCount - 1; w >= 0; w-- {
		if w < digitCount-1 {
			for range window {
				sum.double(&sum)
			}
		}
		for i := range rows {
			rows[i].pick(&p, ds[i][w])
			sum.add(&sum, &p)
		}
	}
	return sum
}

// secretSum is secretMul for generators, all of them different, with their tables.
func secretSum(bases []*generator, k []scalar) point {
	points := make([]point, len(bases))
	for i, g := range bases {
		points[i] = secretPoint(&g.point)
	}
	return secretMul(points, k)
}
